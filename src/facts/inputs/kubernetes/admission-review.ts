// AdmissionReview: what an API server sends to webhooks, kept in a file.

import type { Wrapper } from '../input.ts';
import { select } from '../../select.ts';
import { decodedDocument } from '../../yaml/documents.ts';

/** The object of a review, which an API server has decoded. */
export const admissionReview: Wrapper = {
  name: 'AdmissionReview',
  matches: ({ kind }) => kind === 'AdmissionReview',
  contents: (document) => {
    const { value, pointer } = select('admissionObject', document.value);
    return [{ document: { ...decodedDocument(value), index: document.index }, pointer }];
  },
};
