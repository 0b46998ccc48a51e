import Governance
import MCPWire
import NIOCore

/// A call that is paid for; `hold` is nil where it costs nothing. Shared by the stages that follow.
final class HeldCall {
    let routed: RoutedCall
    let charge: Charge
    let hold: Hold?
    let deadline: NIODeadline
    /// Rounds that its agent has answered.
    let round: Int
    /// What its agent is warned of in the result.
    let warning: String?

    init(routed: RoutedCall, charge: Charge, hold: Hold?, deadline: NIODeadline, round: Int = 0, warning: String? = nil) {
        self.routed = routed
        self.charge = charge
        self.hold = hold
        self.deadline = deadline
        self.round = round
        self.warning = warning
    }
}

/// A call that its upstream has answered.
struct AnsweredCall {
    let held: HeldCall
    let answer: Answer
    /// False where the answer proves that the call did not run.
    let hasRun: Bool
}
