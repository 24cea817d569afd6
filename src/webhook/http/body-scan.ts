// Limits on a body before it is parsed: JSON.parse cannot be interrupted, and turns a byte into up to forty bytes of memory.

/** The number of values that a body may have. The pod of a kube-apiserver has some 500, an object of 1.5 MiB some 100,000. */
export const MAX_VALUES = 250_000;
/** The depth of nesting that a body may have. Kubernetes' own types are nested less than 40 levels deep. */
export const MAX_DEPTH = 1000;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPENS_LIST, CLOSES_LIST, OPENS_OBJECT, CLOSES_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts the values of a body, in one pass that ends at the first limit that is exceeded.
 *
 * @returns the limit that is exceeded, as a sentence; or undefined
 */
export function exceededLimit(body: Uint8Array): string | undefined {
  let values = 0;
  let depth = 0;
  const { length } = body;
  for (let index = 0; index < length; index += 1) {
    switch (body[index]) {
      case QUOTE:
        index += 1;
        while (index < length && body[index] !== QUOTE) index += body[index] === BACKSLASH ? 2 : 1;
        break;
      case OPENS_LIST:
      case OPENS_OBJECT:
        values += 1;
        depth += 1;
        if (depth > MAX_DEPTH) return `the body is nested more than ${String(MAX_DEPTH)} levels deep`;
        break;
      case CLOSES_LIST:
      case CLOSES_OBJECT:
        depth -= 1;
        break;
      case COMMA:
      case COLON:
        values += 1;
        break;
      default:
    }
    if (values > MAX_VALUES) return `the body has more than ${String(MAX_VALUES)} values`;
  }
  return undefined;
}

/** The first bytes of an AdmissionReview as an API server writes it; the first two fields in any order. */
const HEAD =
  /^\s*\{(?:\s*(?:"kind"\s*:\s*"AdmissionReview"|"apiVersion"\s*:\s*"admission\.k8s\.io\/v1")\s*,){2}\s*"request"\s*:\s*\{\s*"uid"\s*:\s*"([\w-]{1,128})"/;

/** The number of bytes of a body that are enough to find the uid. */
export const HEAD_BYTES = 512;

/** The uid of a review, read from the first bytes of its body; undefined unless an API server wrote it there. */
export function uidOf(head: Uint8Array): string | undefined {
  return HEAD.exec(Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1'))?.[1];
}
