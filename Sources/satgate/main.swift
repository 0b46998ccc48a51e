import ArgumentParser
import Configuration
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Subprocess
import Yams
print("x")
