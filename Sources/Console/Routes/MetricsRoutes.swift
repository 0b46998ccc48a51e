import HTTPTypes
import Hummingbird
import NIOCore

/// `/metrics`, as Prometheus scrapes it: no token is needed, and no name of a tenant, tool or token is on it.
struct MetricsRoutes {
    let page: @Sendable () -> String

    func add(to router: Router<AdminContext>) {
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: page())))
        }
    }
}
