import Governance
import Testing

@Suite("A rate")
struct RateTests {
    @Test(
        "is a number of a span, with the burst of a second unless another is stated",
        arguments: [
            ("1000/s", nil, 1_000, 1_000), ("100/minute", nil, 600_000, 2), ("100/minute", 20, 600_000, 20),
            ("10/hour", nil, 360_000_000, 1),
            ("7/day", nil, 12_342_857_143, 1), ("1000000/s", nil, 1, 1_000_000), ("3/s", nil, 333_334, 3),
        ] as [(String, Int64?, Int64, Int64)])
    func limits(text: String, stated: Int64?, interval: Int64, burst: Int64) throws {
        let rate = try #require(Rate(text, burst: stated))
        #expect(rate.description == text)
        #expect(rate.limit(on: "tenant") == RateLimit(subject: "tenant", interval: interval, burst: burst))
        #expect(rate.hasUsualBurst == (stated == nil))
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "1", "/s", "1/", "0/s", "-1/s", "+1/s", "1.5/s", "1 /s", "1/second", "1/m", "1/s/s", "1000001/s", "99999999999999999999/s",
        ])
    func refuses(text: String) { #expect(Rate(text) == nil) }

    @Test("has no burst beyond its bounds", arguments: [0, -1, 1_000_001] as [Int64])
    func bursts(burst: Int64) { #expect(Rate("1/s", burst: burst) == nil) }
}
