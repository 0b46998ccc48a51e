package import Redis

/// The scripts of agents' sessions with upstreams.
package struct DialogueScripts: Sendable {
    package let keep, take, ear, watch, unwatch: Script

    init(_ script: (_ name: String, _ text: [UInt8]) -> Script) {
        keep = script("dialogue_keep", PackageResources.dialogue_keep_lua)
        take = script("dialogue_take", PackageResources.dialogue_take_lua)
        watch = script("session_watch", PackageResources.session_watch_lua)
        unwatch = script("session_unwatch", PackageResources.session_unwatch_lua)
        ear = script("ear_claim", PackageResources.ear_claim_lua)
    }

    /// All of them.
    package var all: [Script] { [keep, take, ear, watch, unwatch] }
}
