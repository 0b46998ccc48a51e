/// The grammar of caveats, for those who write them.
package enum CaveatGrammar {
    /// Why a node would refuse every token with this caveat, in a word of a fixed set; nil when it would not for its form.
    package static func flaw(in caveat: String) -> String? {
        do {
            _ = try CaveatStatement(Array(caveat.utf8))
            return nil
        } catch {
            return error.rawValue
        }
    }
}
