import Governance
import Testing

@Suite("Credits")
struct CreditsTests {
    @Test(
        "are read from decimals of at most six digits",
        arguments: [("0", 0), ("5", 5_000_000), ("0.5", 500_000), ("3.000001", 3_000_001), ("9007199254.740991", (1 << 53) - 1)])
    func reads(text: String, micros: Int64) { #expect(Credits(decimal: text)?.micros == micros) }

    @Test(
        "refuse what is not such a decimal",
        arguments: [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "0x10", " 1", "1 ", "1.0000001", "NaN", "inf", "１", "9007199254.740992", "99999999999",
        ])
    func refuses(text: String) { #expect(Credits(decimal: text) == nil) }

    @Test("are written as the shortest decimal and read back the same", arguments: [0, 1, 10, 999_999, 1_000_000, 1_500_000, 123_456_789])
    func roundTrip(micros: Int64) throws {
        let credits = try #require(Credits(micros: micros))
        #expect(Credits(decimal: credits.description) == credits)
        #expect(!credits.description.contains(".") || !credits.description.hasSuffix("0"))
    }

    @Test("never leave their range")
    func bounds() throws {
        let most = try #require(Credits(micros: Credits.bound - 1))
        let one = try #require(Credits(micros: 1))
        #expect(most.adding(one) == nil)
        #expect(Credits.zero.subtracting(one) == .zero)
        #expect(Credits(micros: -1) == nil)
        #expect(Credits(micros: Credits.bound) == nil)
        #expect(Credits(whole: .max) == nil)
    }
}
