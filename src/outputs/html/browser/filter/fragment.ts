// The filter as the fragment of an address, such as `#q=worker&result=fail,unknown&control=kubelet-client-ca`.

/** What the page shows. Without a choice everything of its kind is shown. */
export interface PageFilter {
  readonly query: string;
  readonly results: readonly string[];
  /** The slug of a control, or an empty text. */
  readonly control: string;
  readonly pool: string;
}

/** Shows everything. */
export const SHOW_ALL: PageFilter = { query: '', results: [], control: '', pool: '' };

/** The filter of a fragment; undefined if the fragment names an element of the page. */
export function filterOf(fragment: string): PageFilter | undefined {
  const text = fragment.replace(/^#/, '');
  if (text !== '' && !text.includes('=')) return undefined;
  const fields = new URLSearchParams(text);
  const results = (fields.get('result') ?? '').split(',').filter((result) => result !== '');
  return {
    query: fields.get('q') ?? '',
    results: [...new Set(results)],
    control: fields.get('control') ?? '',
    pool: fields.get('pool') ?? '',
  };
}

/** The fragment of a filter, with its `#`; empty if everything is shown. */
export function fragmentOf({ query, results, control, pool }: PageFilter): string {
  const fields = [
    ['q', encodeURIComponent(query)],
    ['result', results.map(encodeURIComponent).join(',')],
    ['control', encodeURIComponent(control)],
    ['pool', encodeURIComponent(pool)],
  ];
  const chosen = fields.flatMap(([name = '', value = '']) => (value === '' ? [] : [`${name}=${value}`]));
  return chosen.length === 0 ? '' : `#${chosen.join('&')}`;
}
