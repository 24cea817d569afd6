# The image of kubelet-guard, for whoever has an engine: docker build -t kubelet-guard:0.1.0 .
# test/e2e/image.e2e.ts runs the same steps without one.

# As in package.json: the build leaves V8's code of the program, which another version of V8 would ignore.
ARG NODE_VERSION=26.10.0
# @sha256:… of that image. A release names it: .github/workflows/release.yml
ARG NODE_DIGEST=

FROM node:${NODE_VERSION}-bookworm-slim${NODE_DIGEST} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# without scripts: no package that is built or run with here needs its own
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts/build.mjs scripts/launch.cjs ./scripts/
COPY scripts/build ./scripts/build
COPY src ./src
COPY test/fixtures/kubeadm-v1.37.2/kube-apiserver.yaml ./test/fixtures/kubeadm-v1.37.2/
# by the Node of the image, and not by the one that npm would put first
RUN node scripts/build.mjs

FROM node:${NODE_VERSION}-bookworm-slim${NODE_DIGEST} AS base
WORKDIR /base
COPY scripts/image-root.sh ./
RUN sh image-root.sh root

# docs/adr/0026-an-image-from-scratch.md
FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kubelet-guard" \
      org.opencontainers.image.description="Keeps the link between kube-apiserver and kubelets authenticated" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=base /base/root /
ENV PATH=/usr/local/bin
ENV NODE_ENV=production
WORKDIR /app
COPY scripts/kubelet-guard /usr/local/bin/
COPY LICENSE package.json ./
COPY samples ./samples
COPY --from=build /build/dist ./dist
# a number, so that Kubernetes can see that it is not root; nothing here belongs to it
USER 65532:65532
EXPOSE 8443 8080
# for engines; Kubernetes has probes of its own
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:8080/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["--help"]
