import Foundation
import Metrics
import Synchronization

/// What the operating system says of this process, under the names that all of Prometheus' clients use.
package final class ProcessMetrics: Sendable {
    private let cpu = FloatingPointCounter(label: "process_cpu_seconds_total")
    private let resident = Meter(label: "process_resident_memory_bytes")
    private let descriptors = Meter(label: "process_open_fds")
    private let mostDescriptors = Meter(label: "process_max_fds")
    /// The part of `cpu` that is counted already.
    private let counted = Mutex(0.0)
    private let looks = Atomic(0)

    /// `version` is the program's.
    package init(version: String) {
        Meter(label: "satgate_build_info", dimensions: [("version", version)]).set(1)
        Meter(label: "process_start_time_seconds").set(Self.started)
    }

    /// Looks, and sets the metrics that tell it.
    package func sample() {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let used = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
            cpu.increment(
                by: counted.withLock { counted in
                    defer { counted = max(counted, used) }
                    return max(0, used - counted)
                })
        }
        if let pages = Self.words("/proc/self/statm").dropFirst().first.flatMap({ Int($0) }) {
            resident.set(pages * Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        // With thousands of them counting takes milliseconds.
        if looks.wrappingAdd(1, ordering: .relaxed).oldValue % 10 == 0 { countDescriptors() }
    }

    private func countDescriptors() {
        if let directory = opendir("/proc/self/fd") {
            defer { closedir(directory) }
            var count = 0
            while readdir(directory) != nil { count += 1 }
            // Not the directory itself, its parent, and the one that is open for this.
            descriptors.set(count - 3)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { mostDescriptors.set(Double(limit.rlim_cur)) }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    private static func words(_ file: String) -> [Substring] {
        ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").split { $0 == " " || $0 == "\n" }
    }

    /// Unix seconds: when the machine came up, and how long after that the process began.
    private static var started: Double {
        let boot = words("/proc/stat").drop { $0 != "btime" }.dropFirst().first.flatMap { Double($0) } ?? 0
        // The second word, the program's name, may have spaces in it.
        let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        let rest = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return boot + (rest.count > 19 ? (Double(rest[19]) ?? 0) / Double(sysconf(Int32(_SC_CLK_TCK))) : 0)
    }
}
