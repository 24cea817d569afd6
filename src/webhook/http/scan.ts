// What can be told of a body before it is parsed: JSON.parse cannot be interrupted, and makes up to forty bytes of each byte.

/** Values that a body may hold. The pod of a kube-apiserver has some 500, an object of 1.5 MiB some 100,000. */
export const VALUES = 250_000;
/** Levels of nesting. What Kubernetes defines has less than 40; what is nested deeper is nobody's object. */
export const LEVELS = 1000;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPENS_LIST, CLOSES_LIST, OPENS_OBJECT, CLOSES_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts what a body would become, in one pass that ends where there is too much.
 *
 * @returns why it is not to be parsed, or undefined
 */
export function tooMuchIn(body: Uint8Array): string | undefined {
  let values = 0;
  let levels = 0;
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
        levels += 1;
        if (levels > LEVELS) return `it is nested more than ${String(LEVELS)} levels deep`;
        break;
      case CLOSES_LIST:
      case CLOSES_OBJECT:
        levels -= 1;
        break;
      case COMMA:
      case COLON:
        values += 1;
        break;
      default:
    }
    if (values > VALUES) return `it holds more than ${String(VALUES)} values`;
  }
  return undefined;
}

/** As an API server writes it; the two first fields in any order. */
const HEAD =
  /^\s*\{(?:\s*(?:"kind"\s*:\s*"AdmissionReview"|"apiVersion"\s*:\s*"admission\.k8s\.io\/v1")\s*,){2}\s*"request"\s*:\s*\{\s*"uid"\s*:\s*"([\w-]{1,128})"/;

/** So many bytes of a body are enough to find the uid in. */
export const HEAD_BYTES = 512;

/** The uid of a review, from the beginning of its body, where an API server writes it; undefined where it is not there. */
export function uidIn(head: Uint8Array): string | undefined {
  return HEAD.exec(Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1'))?.[1];
}
