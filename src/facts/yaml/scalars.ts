// Resolves plain YAML scalars as the Kubernetes components do, which read YAML with go.yaml.in/yaml/v2 (YAML 1.1 in most
// things) by way of sigs.k8s.io/yaml. Follows resolve.go of yaml v2.4.4.

/** A value as JSON can carry it; integers beyond 2^53 are kept exact. */
export type Scalar = string | number | bigint | boolean | null;

/** The resolution of a scalar: a value, or why the component refuses the document. */
export type Resolved = { readonly value: Scalar } | { readonly refused: string };

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
]);

const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const DOT_FLOAT = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
/** Of 64 bits, written with the fewest signs. */
const MAX_DIGITS = 64;
const MAX_UINT64 = (1n << 64n) - 1n;
const MIN_INT64 = -(1n << 63n);
const STANDARD_TAGS = 'tag:yaml.org,2002:';

/**
 * Resolves a scalar.
 *
 * @param text the scalar's text, after unquoting
 * @param implicit whether it was written without quotes and not as a block
 * @param tag its explicit tag in long form; empty if there is none
 */
export function resolveScalar(text: string, implicit: boolean, tag: string): Resolved {
  if (tag === '') return implicit ? resolvePlain(text) : { value: text };
  const short = tag.startsWith(STANDARD_TAGS) ? tag.slice(STANDARD_TAGS.length) : undefined;
  switch (short) {
    case 'binary':
      return decodeBinary(text);
    case 'bool':
    case 'int':
    case 'float':
    case 'null': {
      const resolved = resolvePlain(text);
      if ('refused' in resolved) return resolved;
      const { value } = resolved;
      const found =
        value === null
          ? 'null'
          : typeof value === 'boolean'
            ? 'bool'
            : typeof value === 'string'
              ? 'str'
              : isInteger(text)
                ? 'int'
                : 'float';
      return found === short || (short === 'float' && found === 'int')
        ? resolved
        : { refused: `cannot decode !!${found} \`${text}\` as a !!${short}` };
    }
    default:
      return { value: text };
  }
}

function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return { value: word };
  const first = text.charCodeAt(0);
  if (first === 0x2e) return DOT_FLOAT.test(text) ? { value: Number(text) } : { value: text };
  const numeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d;
  if (!numeric || TIMESTAMP.test(text)) return { value: text };
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = parseInteger(digits);
  if (integer !== undefined) return { value: integer };
  if (!FLOAT.test(digits)) return { value: text };
  const value = Number(digits);
  return Number.isFinite(value) ? { value } : { value: text };
}

function isInteger(text: string): boolean {
  return parseInteger(text.replaceAll('_', '')) !== undefined;
}

/** Go's strconv.ParseInt and ParseUint with base 0, 64 bits. */
function parseInteger(text: string): number | bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  if (decimal !== undefined && decimal.length < 16) return sign === '-' ? 0 - Number(decimal) : Number(decimal);
  const digits = (hex ?? binary ?? octal ?? decimal ?? '').replace(/^0+(?=.)/, '');
  if (digits.length > MAX_DIGITS) return undefined;
  const prefix = hex !== undefined ? '0x' : binary !== undefined ? '0b' : octal !== undefined ? '0o' : '';
  const magnitude = BigInt(prefix + digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < MIN_INT64 || value > MAX_UINT64) return undefined;
  if (sign === '+' && value >= 1n << 63n) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function decodeBinary(text: string): Resolved {
  const compact = text.replace(/[\r\n]/g, '');
  if (!isBase64(compact)) return { refused: '!!binary value contains invalid base64 data' };
  return {
    value: new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      Uint8Array.from(atob(compact), (char) => char.charCodeAt(0)),
    ),
  };
}

/** Tells whether a text without line breaks is base64 with its padding. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
