/// Who mints tokens with the node's root keys.
package protocol TokenIssuer: Sendable {
    /// A new token of the tenant, signed by the key that the order names, else by the tenant's own, else by one of any tenant.
    func mint(_ order: TokenOrder, of tenant: TenantName) throws(TokenOrderFlaw) -> IssuedToken
    /// What a token says of itself, none of it verified; nil where it is none.
    func statement(of token: String) -> TokenStatement?
}

/// What a new token is to say.
package struct TokenOrder: Sendable, Hashable {
    /// The id of the key; nil: any that may sign it.
    package var key: String?
    /// Unix milliseconds.
    package var expires: Int64
    /// One comma list each; all must allow a call.
    package var scopes: [String] = []
    package var budget: BudgetName?
    /// The most that it and all that is made of it may spend.
    package var limit: Credits?
    package var label: String?

    package init(expires: Int64) { self.expires = expires }
}

/// A token that was minted. Its text is a secret, and it prints without it.
package struct IssuedToken: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package let text: String
    package let id: TokenID
    /// Of the key that signed it.
    package let key: String

    package init(text: String, id: TokenID, key: String) {
        self.text = text
        self.id = id
        self.key = key
    }

    package var description: String { "token \(id)" }
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// Why no token was minted.
package enum TokenOrderFlaw: Error, Sendable, Hashable {
    /// There is no key for the tenant.
    case noKey
    /// There is no such key, or it is another tenant's.
    case wrongKey
    /// A node would refuse the token, for a reason of a fixed set.
    case refused(String)
    /// A text is too long, or there are too many of them.
    case tooLong
    case cryptography
}

/// What a token says of itself.
package struct TokenStatement: Sendable, Hashable {
    package let id: TokenID
    /// The one tenant that it names.
    package let tenant: TenantName?
    /// Unix milliseconds.
    package let expires: Int64?

    package init(id: TokenID, tenant: TenantName?, expires: Int64?) {
        self.id = id
        self.tenant = tenant
        self.expires = expires
    }
}
