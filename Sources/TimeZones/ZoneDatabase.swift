import Glibc
package import Governance
import Synchronization

/// The zones of a directory laid out like `/usr/share/zoneinfo`, each read when it is first needed, and the ends of windows in them.
package final class ZoneDatabase: WindowClock {
    /// Where systems keep it.
    package static let usualDirectory = "/usr/share/zoneinfo"
    /// The largest file taken, in bytes; the usual ones have less than 4,000.
    private static let limit = 256 * 1024
    /// In the directory, but other clocks on other machines.
    private static let local: Set<String> = ["localtime", "posixrules"]

    private struct State {
        var zones: [ZoneName: ZoneRules] = [:]
        var ends: [Window: Remembered] = [:]
    }

    /// Right from `since` until the first of the ends.
    private struct Remembered {
        let since: Int64
        let ends: WindowEnds
    }

    private let directory: String
    private let state = Mutex(State())

    package init(directory: String = ZoneDatabase.usualDirectory) { self.directory = directory }

    package func knows(_ zone: ZoneName) -> Bool { rules(of: zone) != nil }

    package func ends(of window: Window, at now: Int64) -> WindowEnds? {
        if let known = state.withLock({ $0.ends[window] }), known.since <= now, now < known.ends.first { return known.ends }
        guard let ends = rules(of: window.zone)?.ends(of: window.period, after: now) else { return nil }
        state.withLock { $0.ends[window] = Remembered(since: now, ends: ends) }
        return ends
    }

    /// The zone's rules; nil where the database has no such zone.
    package func rules(of zone: ZoneName) -> ZoneRules? {
        if let known = state.withLock({ $0.zones[zone] }) { return known }
        guard !Self.local.contains(zone.text), let bytes = Self.read("\(directory)/\(zone)"), let rules = try? ZoneRules(file: bytes)
        else { return nil }
        state.withLock { $0.zones[zone] = rules }
        return rules
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
            guard count > 0 else { return nil }
            filled += count
        }
        return bytes
    }
}
