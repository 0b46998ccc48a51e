import NIOCore

/// How a feed's socket is looked after.
struct FeedTimes {
    /// Between two looks.
    var look = TimeAmount.seconds(2)
    /// Between two pings.
    var ping = TimeAmount.seconds(15)
    /// A client that has said nothing for so long is gone.
    var silence = TimeAmount.seconds(45)
    /// A client that has taken nothing for so long is too slow.
    var patience = TimeAmount.seconds(20)
    /// How long a client may take to answer a close.
    var farewell = TimeAmount.seconds(3)
}
