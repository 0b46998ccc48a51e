package import NIOCore
import NIOHTTP1
import OneShotHTTP

/// Posts to a collector over HTTP/1.1, each time over a connection of its own.
package struct OTLPClient: Sendable {
    /// What became of a request.
    enum Outcome: Sendable, Equatable {
        case accepted
        /// The collector will never take it.
        case refused(UInt)
        /// To be sent again, after that time where the collector names one.
        case later(String, after: Duration?)
    }

    private let endpoint: OTLPEndpoint
    private let headers: [(String, String)]
    private let client: OneShotClient

    /// The bytes of a collector's answer, which nobody reads, that are taken.
    private static let mostOfAnswer = 1 << 20

    /// `group`: threads that serve no agent. `timeout` is for a whole exchange. Throws where the system's authorities cannot be read.
    package init(
        _ endpoint: OTLPEndpoint, headers: [(String, String)] = [], on group: any EventLoopGroup, timeout: TimeAmount = .seconds(10)
    ) throws {
        self.endpoint = endpoint
        self.headers = [("content-type", "application/json")] + headers
        client = try OneShotClient(on: group, timeout: timeout)
    }

    /// Posts JSON; every failure is an outcome, and so is that the task was cancelled.
    func post(_ body: [UInt8]) async -> Outcome {
        do throws(OneShotError) {
            return Self.outcome(
                try await client.send(.POST, to: endpoint.address, headers: headers, body: body, atMost: Self.mostOfAnswer))
        } catch {
            return .later("the collector is out of reach: \(error)", after: nil)
        }
    }

    /// By the OTLP specification 429, 502, 503 and 504 are to be tried again.
    private static func outcome(_ reply: OneShotReply) -> Outcome {
        switch reply.status {
        case 200..<300: .accepted
        case 429, 502, 503, 504:
            .later("the collector answers \(reply.status)", after: pause(in: reply).map { .seconds($0) })
        default: .refused(reply.status)
        }
    }

    /// Seconds.
    private static func pause(in reply: OneShotReply) -> Int? {
        reply.headers.first(name: "retry-after").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
