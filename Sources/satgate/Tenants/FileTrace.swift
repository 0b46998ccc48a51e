import Glibc

/// What tells one state of a file from another, through all symlinks: which file it is, its size and its times.
struct FileTrace: Equatable {
    private let device, inode: UInt64
    private let size: Int64
    private let modified, changed: [Int]

    /// Nil where no regular file stands there.
    init?(_ path: String) {
        var info = stat()
        // Opening a pipe could wait for ever.
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modified = [info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
        changed = [info.st_ctim.tv_sec, info.st_ctim.tv_nsec]
    }
}
