package import Redis

/// The scripts with which an operator sees and ends sessions.
package struct SessionScripts: Sendable {
    package let page, look, end: Script

    init(joined: (_ name: String, _ text: [UInt8]) -> Script, plain: (_ name: String, _ text: [UInt8]) -> Script) {
        page = plain("session_page", PackageResources.session_page_lua)
        look = plain("session_look", PackageResources.session_look_lua)
        end = joined("session_end", PackageResources.session_end_lua)
    }

    /// All of them.
    package var all: [Script] { [page, look, end] }
}
