package import Governance
package import Macaroons

/// What a new token is to say.
package struct TokenTerms: Sendable {
    /// Needed where the key is of any tenant; else the key's, and no other.
    package var tenant: TenantName?
    /// Unix milliseconds.
    package var expires: Int64
    /// One comma list per `scope` caveat; all must allow a call.
    package var scopes: [String] = []
    /// The account the token spends from, sealed.
    package var budget: BudgetName?
    /// A cap over the token and all that is attenuated from it.
    package var limit: Credits?
    package var label: String?
    /// What it is delegated from, for their revocation.
    package var parents: [TokenID] = []
    /// How many delegations may follow each other from it; nil: any number.
    package var delegationDepth: Int?
    /// The most that one delegation may give; nil: what there is.
    package var delegationBudget: Credits?

    package init(expires: Int64) { self.expires = expires }
}

/// Why a token was not minted.
package enum TokenMintError: Error, Sendable, Hashable {
    /// The key of any tenant was given none.
    case noTenant
    /// The key is another tenant's.
    case wrongTenant(TenantName)
    /// This gateway would refuse the token.
    case refused(AuthenticationError.Reason)
    case macaroon(MacaroonError)
}

/// Mints the tokens of one root key.
package struct TokenMint: Sendable {
    private let key: KeyRing.Key

    package init(key: KeyRing.Key) { self.key = key }

    /// A new token, which this gateway would accept.
    package func mint(
        _ terms: TokenTerms, encoding: Macaroon.Encoding = .v2, nonce: [UInt8]? = nil
    ) throws(TokenMintError) -> Macaroon {
        try minted(terms, encoding: encoding, nonce: nonce).token
    }

    /// A new token and what it entitles to; `nonce`, 16 bytes, is fixed where the same token is to be made again.
    func minted(
        _ terms: TokenTerms, encoding: Macaroon.Encoding = .v2, nonce: [UInt8]? = nil
    ) throws(TokenMintError) -> (token: Macaroon, grant: Grant) {
        do {
            guard let nonce = nonce ?? SecureRandom.bytes(16) else { throw MacaroonError.cryptography }
            let location = encoding == .satgate ? "https://satgate.io" : "satgate"
            var macaroon = try Macaroon.mint(
                rootKey: key.root, identifier: Array("\(key.id):".utf8) + Hex.encode(nonce), location: location, encoding: encoding)
            for caveat in try caveats(terms) { macaroon = try macaroon.attenuated(by: caveat) }
            if let budget = terms.budget { macaroon = try sealed(budget, in: macaroon) }
            for caveat in caveatsAfterBudget(terms) { macaroon = try macaroon.attenuated(by: caveat) }
            guard let verified = macaroon.verify(rootKey: key.root) else { throw MacaroonError.cryptography }
            return (macaroon, try Clearing.grant(for: verified, under: key))
        } catch let error as TokenMintError {
            throw error
        } catch AuthenticationError.refused(let reason, _, _) {
            throw .refused(reason)
        } catch {
            throw .macaroon(error as? MacaroonError ?? .cryptography)
        }
    }

    private func caveats(_ terms: TokenTerms) throws(TokenMintError) -> [[UInt8]] {
        guard let tenant = terms.tenant ?? key.tenant else { throw .noTenant }
        if let only = key.tenant, only != tenant { throw .wrongTenant(only) }
        let texts = ["tenant_id = \(tenant)", "expires = \(terms.expires)"] + terms.scopes.map { "scope = \($0)" } + delegation(terms)
        return texts.map { Array($0.utf8) }
    }

    private func delegation(_ terms: TokenTerms) -> [String] {
        let most = CaveatStatement.mostParents
        let parents = stride(from: 0, to: terms.parents.count, by: most).map { start in
            "parent = " + terms.parents[start..<min(start + most, terms.parents.count)].map(\.text).joined(separator: ",")
        }
        let bounds = [
            terms.delegationDepth.map { "delegation_depth = \($0)" }, terms.delegationBudget.map { "delegation_budget = \($0)" },
        ]
        return parents + bounds.compactMap(\.self)
    }

    private func caveatsAfterBudget(_ terms: TokenTerms) -> [[UInt8]] {
        let texts = [terms.limit.map { "budget_limit = \($0)" }, terms.label.map { "label = \($0)" }]
        return texts.compactMap { $0.map { Array($0.utf8) } }
    }

    private func sealed(_ budget: BudgetName, in macaroon: Macaroon) throws(MacaroonError) -> Macaroon {
        let named = try macaroon.attenuated(by: Array("budget_id = \(budget)".utf8))
        let seal = try BudgetSeal.seal(over: named.signature, by: key.root)
        return try named.attenuated(by: Array("budget_bind = \(seal.hex)".utf8))
    }
}
