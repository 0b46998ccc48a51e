package import Redis

/// The scripts with which an operator sees and ends sessions, and a node those whose stream it holds.
package struct SessionScripts: Sendable {
    package let page, look, end: Script
    /// Of streams that are sessions.
    package let streamBegin, streamPart: Script

    init(joined: (_ name: String, _ text: [UInt8]) -> Script, plain: (_ name: String, _ text: [UInt8]) -> Script) {
        page = plain("session_page", PackageResources.session_page_lua)
        look = plain("session_look", PackageResources.session_look_lua)
        end = joined("session_end", PackageResources.session_end_lua)
        streamBegin = plain("stream_begin", PackageResources.stream_begin_lua)
        streamPart = plain("stream_part", PackageResources.stream_part_lua)
    }

    /// All of them.
    package var all: [Script] { [page, look, end, streamBegin, streamPart] }
}
