import Governance
import MCPWire
import NIOCore

/// Finds the transport behind a URL: Streamable HTTP, or else the older HTTP+SSE.
struct AutoTransport: UpstreamTransport {
    let streamable: StreamableHTTP
    /// Nil where only Streamable HTTP may be used.
    var sse: (any UpstreamTransport)?

    func open(
        as profile: ClientProfile?, remembering terms: SessionTerms?, on lane: Lane, before deadline: NIODeadline
    ) async throws(UpstreamFailure) -> any UpstreamSession {
        if terms?.transport == .sse, let sse {
            do throws(UpstreamFailure) {
                return try await sse.open(as: profile, remembering: terms, on: lane, before: deadline)
            } catch {
                // Only an answer can tell that there is something else by now.
                guard case .broken = error else { throw error }
            }
        }
        switch try await streamable.attempt(as: profile, remembering: terms, on: lane, before: deadline) {
        case .session(let session): return session
        case .rejected(let status, let answer):
            let failure = StreamableHTTP.failure(status, answer)
            guard let sse, Self.mayBeOlder(status, answer) else { throw failure }
            do throws(UpstreamFailure) { return try await sse.open(as: profile, remembering: nil, on: lane, before: deadline) } catch {
                throw failure
            }
        }
    }

    func resume(_ terms: SessionTerms, as profile: ClientProfile?) -> (any UpstreamSession)? {
        terms.transport == .sse ? sse?.resume(terms, as: profile) : streamable.resume(terms, as: profile)
    }

    func run() async { await sse?.run() }

    /// The endpoint takes no POST, and does not say so as a server of Streamable HTTP would.
    private static func mayBeOlder(_ status: Int, _ answer: Answer?) -> Bool {
        guard [400, 404, 405].contains(status) else { return false }
        return answer.map { !$0.isModernError && $0.kind != .error(code: ErrorCode.methodNotFound) } ?? true
    }
}
