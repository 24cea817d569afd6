// An option whose value is a list of known words, separated by commas.

import { Option } from 'commander';

import { notOneOf } from './wrong-use.ts';

/** The option; its value is the list of the chosen words, in their own order. */
export class ListOption extends Option {
  readonly items: readonly string[];

  constructor(flags: string, description: string, items: readonly string[]) {
    super(flags, description);
    this.items = items;
    this.argParser((text: string) => {
      const names = text.split(',').map((name) => name.trim());
      const wrong = names.find((name) => !items.includes(name));
      if (wrong !== undefined) throw notOneOf(wrong, items);
      return items.filter((name) => names.includes(name));
    });
  }
}
