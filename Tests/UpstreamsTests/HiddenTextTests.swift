import Testing

@testable import Upstreams

@Suite("Text that people do not see")
struct HiddenTextTests {
    private func isHidden(_ description: String) -> Bool { HiddenText.isIn(Array(#"{"name":"x","description":"\#(description)"}"#.utf8)) }

    @Test(
        "is found as it is and escaped",
        arguments: [
            "\u{E0041}", #"\udb40\udc41"#, #"\uDB40\uDC41"#, "\u{200B}", #"\u200b"#, "\u{202E}", #"\u202E"#, "\u{2066}", "\u{2060}",
            "\u{FEFF}",
            #"\u001b[8m"#, #"\u0000"#, #"\u0008"#, "\u{7F}", "\u{9B}", #"\\\u001b"#,
        ])
    func found(_ text: String) {
        #expect(isHidden(text) && isHidden("before \(text) behind"))
    }

    @Test(
        "is not what scripts and pictures are written with, nor what only looks like an escape",
        arguments: [
            "plain", #"two\nlines\tof \u0009 text\u000a"#, "نه‌خواهم", "👩‍👩‍👧", "\u{00A0}", #"\\u200b"#, #"\\\\u001b"#, "\u{2028}", #"\u00e9"#,
            "",
        ])
    func notFound(_ text: String) {
        #expect(!isHidden(text))
    }
}
