/// The grammar of caveats, for holders who write them.
package enum CaveatGrammar {
    /// Why a node will refuse a token to which its holder adds this caveat, in a word of a fixed set; nil when the caveat
    /// is of a known form. A budget can only be named by who can seal it.
    package static func flaw(in caveat: String) -> String? {
        do {
            switch try CaveatStatement(Array(caveat.utf8)) {
            case .budget: return AuthenticationError.Reason.unsealedBudget.rawValue
            case .seal: return AuthenticationError.Reason.badSeal.rawValue
            default: return nil
            }
        } catch {
            return error.rawValue
        }
    }
}
