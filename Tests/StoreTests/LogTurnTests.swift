import Store
import Testing

@Suite("The turn of a log level") struct LogTurnTests {
    @Test("What is published is read back", arguments: [30, nil] as [Int?]) func roundTrip(_ seconds: Int?) {
        let message = ControlMessage.logTurned("satgate.redis", level: "debug", seconds: seconds, by: "api:somebody else")
        #expect(ControlMessage(Array(message.text.utf8)) == message)
    }

    @Test(
        "What is none is not read",
        arguments: ["log", "log satgate info", "log satgate info x me", "log satgate info -1 me", "log satgate info 5"])
    func malformed(_ text: String) {
        #expect(ControlMessage(Array(text.utf8)) == nil)
    }
}
