import Foundation
import ServiceLifecycle
import Subprocess

/// A redis-server of the demo's own: loopback only, nothing kept, gone when the demo ends.
struct PrivateRedis: Service {
    let port: Int
    /// Its working directory.
    let directory: URL

    var url: String { "redis://127.0.0.1:\(port)" }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                let ended = try await Subprocess.run(
                    .name("redis-server"),
                    arguments: [
                        "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory.path,
                        "--maxmemory-policy", "noeviction",
                    ],
                    output: .discarded, error: .discarded)
                guard !Task.isCancelled else { return }
                throw DemoFailure(reason: "redis-server ended: \(ended.terminationStatus)")
            }
        } catch is CancellationError {}
    }
}

/// Why the demo cannot go on.
struct DemoFailure: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
