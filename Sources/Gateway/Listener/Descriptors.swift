import Glibc

/// The file descriptors of this process.
enum Descriptors {
    /// How many may be open; of the soft limit.
    static var most: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }
}
