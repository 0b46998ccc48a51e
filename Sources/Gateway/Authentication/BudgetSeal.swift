import Macaroons

/// What makes a `budget_id` the issuer's word. A `budget_bind` caveat is HMAC-SHA256(root key, "satgate/budget_bind/v1\n" ‖ the
/// signature of the chain up to, not including, the `budget_bind` itself, as 64 lower-case hex digits), in lower-case hex.
///
/// As in SatGate it seals every `budget_id` before it; here it is minted directly after its `budget_id`. It can be neither made
/// without the root key nor moved: in another chain, or later in this one, the signature before it differs.
enum BudgetSeal {
    /// The seal over a chain whose signature so far is this.
    static func seal(over signature: Digest, by key: RootKey) throws(MacaroonError) -> Digest {
        try key.code(of: Array("satgate/budget_bind/v1\n".utf8) + Array(signature.hex.utf8))
    }

    /// True when `stated` is the seal, in a time that does not tell how nearly.
    static func holds(_ stated: Digest, over signature: Digest, by key: RootKey) -> Bool {
        guard let seal = try? seal(over: signature, by: key) else { return false }
        return seal.matches(stated)
    }
}
