import Governance
import HTTPWire
import MCPWire
import NIOCore
import NIOHTTP1
import Secrets
import Synchronization

/// The token by which a tenant's upstream knows this node: fetched when it is first needed, renewed before it ends, by one task at a time.
final class OAuthTokens: Sendable, Redacted {
    private struct State {
        var token: AccessToken?
        var isFetching = false
        var failures = 0
        /// No attempt is made before.
        var next = NIODeadline.uptimeNanoseconds(0)
        /// The server has refused HTTP Basic.
        var provesInBody = false
    }

    private enum Step {
        case done, fetch, wait
        case refused(HTTPFailure)
    }

    private let document: UpstreamDocument.OAuth
    private let location: Location
    private let destination: Destination
    private let secrets: NodeSecrets
    private let state = Mutex(State())
    private let changes = Atomic<Int>(0)
    /// The present token's times, in nanoseconds of the monotonic clock; 0 without one.
    private let refresh = Atomic<UInt64>(0)
    private let end = Atomic<UInt64>(0)
    /// Rung when an attempt has ended.
    private let ended = Bell()

    /// One attempt takes no longer.
    private static let patience = TimeAmount.seconds(10)

    /// Nil where the token's URL cannot be used. Its server is trusted by the system's authorities and the document's, and is not shown the
    /// upstream's client certificate.
    init?(_ document: UpstreamDocument.OAuth, tls: UpstreamDocument.TLS, tenant: TenantName, secrets: NodeSecrets) {
        guard let location = Location(document.tokenURL) else { return nil }
        self.document = document
        self.location = location
        self.secrets = secrets
        let identity = TLSIdentity(authorities: tls.authorities, alsoTrustsSystem: tls.authorities != nil)
        destination = Destination(origin: location.origin, tenant: tenant, tls: identity)
    }

    /// Changes with the token; throws where there is none that is still good.
    func generation() throws(HTTPFailure) -> Int {
        guard NIODeadline.now().uptimeNanoseconds < end.load(ordering: .acquiring) else { throw .unsent(.noToken) }
        return changes.load(ordering: .acquiring)
    }

    /// The present token.
    func token() throws(HTTPFailure) -> SecretBytes {
        guard let token = state.withLock({ $0.token }), .now() < token.end else { throw .unsent(.noToken) }
        return token.text
    }

    /// Returns when there is a token; the one task that finds it due fetches it, the others use the old one as long as it is good.
    func ensure(on lane: Lane, before deadline: NIODeadline) async throws(HTTPFailure) {
        if NIODeadline.now().uptimeNanoseconds < refresh.load(ordering: .relaxed) { return }
        while true {
            let seen = ended.count
            switch state.withLock({ Self.step(&$0, at: .now()) }) {
            case .done: return
            case .refused(let failure): throw failure
            case .fetch: try await fetch(on: lane, before: deadline)
            case .wait:
                await ended.wait(after: seen, until: deadline, on: lane.eventLoop)
                guard !Task.isCancelled else { throw .unsent(.cancelled) }
                guard deadline > .now() else { throw .unsent(.queueTimeout) }
            }
        }
    }

    /// The upstream refused a request that was made at that time: the token it carried is not used again.
    func refused(at time: NIODeadline) {
        let isGone = state.withLock { state in
            guard let token = state.token, token.fetched <= time else { return false }
            state.token = nil
            // An upstream that refuses every token must not make us ask for one with each call.
            state.next = max(state.next, token.fetched + .seconds(1))
            publish(nil)
            return true
        }
        if isGone { changes.add(1, ordering: .releasing) }
    }

    private static func step(_ state: inout State, at now: NIODeadline) -> Step {
        let isGood = state.token.map { now < $0.end } ?? false
        if let token = state.token, now < token.refresh { return .done }
        if state.isFetching { return isGood ? .done : .wait }
        guard now >= state.next else { return isGood ? .done : .refused(.unsent(.noToken)) }
        state.isFetching = true
        return .fetch
    }

    /// Called with the state's lock held, so that both numbers are of the newest token.
    private func publish(_ token: AccessToken?) {
        refresh.store(token?.refresh.uptimeNanoseconds ?? 0, ordering: .relaxed)
        end.store(token?.end.uptimeNanoseconds ?? 0, ordering: .releasing)
    }
}

/// The conversation with the authorization server.
extension OAuthTokens {
    /// The pause after so many failures: 1 s, doubled each time up to 30 s, up to a quarter less at random.
    static func pause(after failures: Int) -> TimeAmount {
        .milliseconds(min(30_000, 1000 << Int64(min(max(failures, 1) - 1, 5))) * Int64.random(in: 75...100) / 100)
    }

    /// Makes one attempt and takes in what came of it; throws only where this task cannot go on.
    private func fetch(on lane: Lane, before deadline: NIODeadline) async throws(HTTPFailure) {
        defer { ended.ring() }
        do throws(HTTPFailure) {
            let token = try await attempt(on: lane, before: min(deadline, .now() + Self.patience))
            state.withLock { state in
                state.token = token
                state.failures = 0
                state.isFetching = false
                publish(token)
            }
            changes.add(1, ordering: .releasing)
        } catch {
            let isOurs = Task.isCancelled
            state.withLock { state in
                state.isFetching = false
                guard !isOurs else { return }
                state.failures += 1
                state.next = .now() + Self.pause(after: state.failures)
            }
            if isOurs { throw .unsent(.cancelled) }
            if error == .unsent(.noCredentials) { throw error }
        }
    }

    private func attempt(on lane: Lane, before deadline: NIODeadline) async throws(HTTPFailure) -> AccessToken {
        guard let id = secrets.value(of: document.clientID), let secret = secrets.value(of: document.clientSecret) else {
            throw .unsent(.noCredentials)
        }
        let request = TokenRequest(
            location: location, clientID: id, clientSecret: secret, scope: document.scope, resource: document.resource)
        let inBody = state.withLock { $0.provesInBody }
        let answer = try await ask(request, inBody: inBody, on: lane, before: deadline)
        if let token = answer.token { return token }
        guard answer.refusesClient else { throw .unsent(.noToken) }
        guard let token = try await ask(request, inBody: !inBody, on: lane, before: deadline).token else { throw .unsent(.noToken) }
        state.withLock { $0.provesInBody = !inBody }
        return token
    }

    private func ask(
        _ request: TokenRequest, inBody: Bool, on lane: Lane, before deadline: NIODeadline
    ) async throws(HTTPFailure) -> (token: AccessToken?, refusesClient: Bool) {
        let begun = NIODeadline.now()
        let exchange = try await lane.send(
            request.bytes(provesInBody: inBody), to: destination, before: deadline, resend: .ifUnanswered)
        let status = try await exchange.responseHead().status.code
        var body: [UInt8] = []
        while let piece = try await exchange.nextPiece() {
            guard body.count + piece.readableBytes <= 64 * 1024 else {
                exchange.cancel()
                throw .broken(.tooLarge)
            }
            body.append(contentsOf: piece.readableBytesView)
        }
        if status == 200 { return (AccessToken(body, at: begun), false) }
        let isClientRefused = (status == 400 || status == 401) && JSONObject(body)?.text("error") == "invalid_client"
        return (nil, status == 401 || isClientRefused)
    }
}
