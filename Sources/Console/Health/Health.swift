/// Whether the node lives, and whether it should be sent agents.
package struct Health: Sendable {
    /// One thing that readiness depends on.
    package struct Check: Sendable, Hashable {
        package let name: String
        package let isGood: Bool
        /// What is wrong, or how it stands.
        package let detail: String

        package init(_ name: String, _ isGood: Bool, _ detail: String) {
            self.name = name
            self.isGood = isGood
            self.detail = detail
        }
    }

    let pulse: LoopPulse
    let checks: @Sendable () -> [Check]

    /// `checks`: all must be good for the node to be ready.
    package init(pulse: LoopPulse, checks: @escaping @Sendable () -> [Check]) {
        self.pulse = pulse
        self.checks = checks
    }
}
