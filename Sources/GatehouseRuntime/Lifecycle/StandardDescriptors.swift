import Glibc

/// Standard input, output and error of the process.
public enum StandardDescriptors {
    /// Opens /dev/null where one of them is closed: else the next socket would get its number, and
    /// log records would be written to a peer. Call it before anything else is opened.
    public static func fill() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is the closed one: those below it are open by now.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
        }
    }
}
