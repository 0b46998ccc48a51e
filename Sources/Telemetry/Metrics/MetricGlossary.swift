/// What each metric of a node means, for the page and for those who look names up.
package enum MetricGlossary {
    /// Seconds; from what a hop in memory takes to the longest that a call waits.
    private static let seconds: [Double] = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Of sizes that are no times.
    private static let sizes: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

    static func bounds(of name: String) -> [Double] { name.hasSuffix("_seconds") ? seconds : sizes }

    /// One sentence; of metrics that are not ours only that they are somebody's.
    static func help(of name: String) -> String { meanings[name] ?? "Of a library." }

    /// By name.
    package static let meanings: [String: String] = [
        "satgate_stage_duration_seconds": "How long requests took in each stage."
    ]
}
