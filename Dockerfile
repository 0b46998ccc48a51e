# The image of a node. Built from source:   docker build -t satgate .
# From a binary that is there already, where no Swift image can be had (see `make image-check`):
#   mkdir -p .build/image && strip -o .build/image/satgate .build/release/satgate && docker build --build-arg BINARY=prebuilt -t satgate .

# A full version, but no digest: none of it is known to us. To pin it, give --build-arg SWIFT=swift:6.3.1-bookworm@sha256:…
ARG SWIFT=swift:6.3.1-bookworm
# The same Debian as the Swift image's: the binary wants its libc or a later one.
ARG BASE=debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
# Where the binary comes from: the stage `build`, or `prebuilt`.
ARG BINARY=build

# checkov:skip=CKV_DOCKER_7: both bases are given above with their versions; what is left without one are stages
FROM ${SWIFT} AS build
# Debian keeps one version of a package in a release; a version named here would be gone with the next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis-dev libssl-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN make optimized && strip -o /satgate .build/release/satgate && chmod 0555 /satgate

FROM scratch AS prebuilt
COPY .build/image/satgate /satgate

# hadolint ignore=DL3006
FROM ${BINARY} AS binary

# Their package brings openssl(1) along; only the file is read.
FROM ${BASE} AS authorities
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*

FROM ${BASE}
# What the binary links to, and the zones of budgets' windows. The Swift runtime is in the binary; of libssl3 it needs libcrypto alone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis0.14 libssl3 tzdata \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/man/* /usr/share/doc/*/changelog* \
    && rm -rf /usr/lib/*/libssl.so.3 /usr/lib/*/engines-3 /usr/lib/*/ossl-modules /var/lib/dpkg/status-old
# For upstreams over HTTPS.
COPY --from=authorities /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=binary /satgate /usr/local/bin/satgate
# A node has many calls under way that free their memory in another order than they got it. glibc is to keep more of it at hand than seven pieces of a
# size, and to do without the lists that each larger piece clears up: a tenth less CPU per call.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=500:glibc.malloc.mxfast=0
# By number: Kubernetes cannot tell from a name that it is not root.
USER 65532:65532
# Agents, operators. Settings say on which addresses (SATGATE_LISTEN_HOST, SATGATE_ADMIN_HOST): by default on loopback, which nobody
# outside of the container reaches.
EXPOSE 8080 9090
# For Docker and its like; Kubernetes asks by itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/local/bin/satgate", "health"]
ENTRYPOINT ["/usr/local/bin/satgate"]
CMD ["serve"]
