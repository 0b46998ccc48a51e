import HTTPTypes
import Hummingbird
import NIOCore

/// `/healthz` and `/readyz`: no token is needed.
struct HealthRoutes {
    let health: Health

    func add(to router: Router<AdminContext>) {
        router.get("healthz") { _, _ in
            let stuck = health.pulse.stuck
            return Self.answer(stuck.isEmpty, stuck.isEmpty ? "ok" : "event loops that do not turn: \(stuck.map(String.init))")
        }
        router.get("readyz") { request, _ in
            let checks = health.checks()
            let isReady = checks.allSatisfy(\.isGood)
            guard request.uri.queryParameters["verbose"] != nil else {
                return Self.answer(isReady, isReady ? "ok" : checks.filter { !$0.isGood }.map(\.name).joined(separator: ", "))
            }
            return Self.answer(isReady, checks.map { "[\($0.isGood ? "+" : "-")] \($0.name): \($0.detail)" }.joined(separator: "\n"))
        }
    }

    private static func answer(_ isGood: Bool, _ text: String) -> Response {
        Response(
            status: isGood ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
