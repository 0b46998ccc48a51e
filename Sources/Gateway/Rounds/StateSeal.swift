import Governance
import Macaroons

/// Why a request may not go on with the call whose state it brings.
enum StateFlaw: Error, Sendable, Hashable {
    /// It is none of ours, or another agent's.
    case invalid
    /// It is of another request.
    case mismatch
    /// The call waits no more.
    case expired
    /// The round was answered already.
    case used
}

/// The opaque `requestState` of agents: a call's state under a MAC of the tenant's root key, so that only we can make one.
struct StateSeal {
    /// The tenant's active keys, of which the first seals: keys rotate while calls wait.
    let roots: [RootKey]
    let tenant: TenantName

    /// The state for the agent; nil where the tenant has no key.
    func text(of state: RoundState) -> String? {
        let bytes = state.bytes
        guard let root = roots.first, let mac = mac(of: bytes, under: root) else { return nil }
        return String(decoding: Base64.encodeURL(bytes + mac.bytes), as: UTF8.self)
    }

    /// The state in what the agent `principal` brings with a request of this digest, at `now` in unix milliseconds.
    func state(in text: String, of principal: TokenID, for request: Digest, now: Int64) throws(StateFlaw) -> RoundState {
        let digits = Array(text.utf8)
        // One spelling each, or what was tampered with could be read as what was sealed.
        guard let sealed = Base64.decode(digits), sealed.count > 32, Base64.encodeURL(sealed) == digits else { throw .invalid }
        let bytes = Array(sealed.dropLast(32))
        guard let given = Digest(sealed.suffix(32)), roots.contains(where: { mac(of: bytes, under: $0)?.matches(given) ?? false }),
            let state = RoundState(bytes, of: tenant), state.principal == principal
        else { throw .invalid }
        guard state.request == request else { throw .mismatch }
        guard now < state.expires else { throw .expired }
        return state
    }

    private func mac(of bytes: [UInt8], under root: RootKey) -> Digest? {
        try? root.code(of: Array("satgate/state/v1\n\(tenant)\n".utf8) + bytes)
    }
}
