// The script of `helm test`: asks the webhook at the URL of WEBHOOK as an API server does, until it answers.
const { Buffer } = require('node:buffer');
const { lookup } = require('node:dns');
const { readFileSync } = require('node:fs');
const { request } = require('node:https');
const { clearTimeout, setTimeout } = require('node:timers');
const { promisify } = require('node:util');

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
const LIMIT_SECONDS = 45;
const STEP_SECONDS = 5;

const { KUBERNETES_SERVICE_HOST: apiHost, KUBERNETES_SERVICE_PORT: apiPort, WEBHOOK = '' } = process.env;
const url = new URL(WEBHOOK);
const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'kubelet-guard-test', namespace: 'kube-system' },
  spec: { containers: [{ name: 'kube-apiserver', command: ['kube-apiserver'] }] },
};
const review = {
  uid: 'helm-test',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  name: object.metadata.name,
  namespace: object.metadata.namespace,
  operation: 'CREATE',
  userInfo: { username: 'helm-test' },
  object,
  dryRun: true,
};

/** Does a step of the test; a failure gets the name of the step. */
async function step(name, work) {
  const { promise, reject } = Promise.withResolvers();
  const timer = setTimeout(() => reject(new Error(`no answer within ${STEP_SECONDS} s`)), STEP_SECONDS * 1000);
  try {
    return await Promise.race([work(), promise]);
  } catch (fault) {
    throw new Error(`${name}: ${fault.message || fault.code}`, { cause: fault });
  } finally {
    clearTimeout(timer);
  }
}

function call(options, body) {
  return new Promise((resolve, reject) => {
    const call = request({ timeout: STEP_SECONDS * 1000, ...options }, (answer) => {
      let text = '';
      answer.on('error', reject);
      answer.on('data', (part) => (text += part));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`HTTP ${answer.statusCode}: ${text}`)),
      );
    });
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error(`no answer within ${STEP_SECONDS} s`)));
    call.end(body);
  });
}

async function caBundle() {
  const headers = { authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, 'utf8')}` };
  const ca = readFileSync(`${ACCOUNT}/ca.crt`);
  const { webhooks } = await call({ host: apiHost, port: apiPort, path: REGISTRATION, headers, ca });
  const { caBundle } = webhooks[0].clientConfig;
  if (!caBundle) throw new Error('it has no caBundle yet: read the log of the webhook, or of cert-manager');
  return Buffer.from(caBundle, 'base64');
}

async function ask() {
  const ca = await step('the ValidatingWebhookConfiguration cannot be used', caBundle);
  const { address } = await step(`the name ${url.hostname} has no address, so look at the DNS of the cluster`, () =>
    promisify(lookup)(url.hostname),
  );
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: review });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const where = { host: address, port: url.port || 443, path: url.pathname, servername: url.hostname };
  return step(`${WEBHOOK} (${address}) does not answer`, async () => {
    const answer = await call({ ...where, method: 'POST', headers, ca }, body);
    if (answer.response?.uid !== review.uid) throw new Error(`no AdmissionReview: ${JSON.stringify(answer)}`);
    return answer;
  });
}

let last = 'no step has ended';
setTimeout(() => {
  console.error(`FAILED after ${LIMIT_SECONDS} s: ${last}`);
  process.exit(1);
}, LIMIT_SECONDS * 1000);

function attempt() {
  ask().then(
    (answer) => {
      console.log(`${WEBHOOK} answers: ${JSON.stringify(answer.response)}`);
      process.exit(0);
    },
    (fault) => {
      if (fault.message !== last) console.log(fault.message);
      last = fault.message;
      setTimeout(attempt, 1000);
    },
  );
}
attempt();
