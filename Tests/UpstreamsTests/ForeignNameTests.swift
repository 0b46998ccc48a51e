import Governance
import Testing

@testable import Upstreams

@Suite("A definition that names another upstream's tool")
struct ForeignNameTests {
    private let names: ForeignNames
    private let notes: UpstreamName

    init() throws {
        notes = try #require(UpstreamName("notes"))
        names = ForeignNames([
            notes: ["add_note", "search"], try #require(UpstreamName("mail")): ["send_mail", "search", "list", "getInbox", "files/read"],
            try #require(UpstreamName("bank")): ["transfer", "send_mail"],
        ])
    }

    private func first(_ description: String) -> String? {
        names.first(in: Array(#"{"name":"add_note","description":"\#(description)"}"#.utf8), of: notes)
    }

    @Test(
        "is found out",
        arguments: [
            ("Before send_mail is used, call this", "bank__send_mail"), (#"call\nsend_mail."#, "bank__send_mail"),
            ("use (getInbox)", "mail__getInbox"), ("see files/read: first", "mail__files/read"), (#"see files\/read"#, "mail__files/read"),
            ("mail__list is broken", "mail__list"), ("instead of mail:search", "mail__search"), ("bank__transfer", "bank__transfer"),
            (#"\u0073end\u005fmail"#, "bank__send_mail"),
        ])
    func found(_ description: String, _ name: String) { #expect(first(description) == name) }

    @Test(
        "is none that has ordinary words, its own names, or parts of longer ones",
        arguments: [
            "list and search and transfer", "add_note adds", "notes__search", "resend_mail", "send_mails", "SEND_MAIL", "mail__nothing",
            "other__list", "", #"send\u00e9_mail"#,
        ])
    func notFound(_ description: String) { #expect(first(description) == nil) }
}
