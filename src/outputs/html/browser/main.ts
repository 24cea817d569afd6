// The script of the page, in the browser. Without it the page has the same facts.

document.documentElement.classList.add('has-script');
