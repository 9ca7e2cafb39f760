# remora in a container: the bundle on Node 24, as a user without rights, on a root file system that may be read-only
# (docker run --read-only). What it writes (file exporter, file_storage) goes where you mount a volume.
#
#     docker build -t remora .
#     docker run --read-only -v ./config.yaml:/etc/remora/config.yaml:ro -p 4317:4317 remora
#
# Receivers listen on localhost unless told otherwise, which no port of the container leads to: write endpoint: 0.0.0.0:4317
# (and 0.0.0.0:13133 for health_check). The user 10001 must be able to read the file and what it names.
#
# test/dockerfile.test.ts executes these steps in order in a clean directory.

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY bin ./bin
COPY scripts ./scripts
COPY src ./src
# On the image's own Node, and for the user below: V8's compile cache serves no other.
RUN REMORA_NODE=$(command -v node) npm run build -- --for-user 10001

FROM node:24-bookworm-slim
ENV NODE_ENV=production REMORA_NODE=/usr/local/bin/node
WORKDIR /opt/remora
# package.json says that the bundle is made of modules.
COPY --from=build /build/package.json ./package.json
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
USER 10001:10001
# OTLP over gRPC and HTTP, own metrics, health: as far as the configuration opens them.
EXPOSE 4317 4318 8888 13133
# No HEALTHCHECK: where containers are supervised, the health_check extension answers on /health/live and /health/ready.
ENTRYPOINT ["/opt/remora/bin/remora"]
CMD ["--config", "/etc/remora/config.yaml"]
