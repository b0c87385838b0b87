import CLibYAML

/// What libyaml's event API reports, copied into values: the only file that knows pointers.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case mappingStart
        case collectionEnd
        case streamEnd
        /// The start of the stream.
        case other
    }

    var kind: Kind
    /// The anchor that names the node, without `&`.
    var anchor: String?
    /// The tag as resolved, for example `tag:yaml.org,2002:str`.
    var tag: String?
    var range: Range<Mark>
}

/// Why libyaml refused a text.
struct YAMLSyntaxError: Error {
    var message: String
    var mark: Mark
}

enum LibYAML {
    /// Feeds the events of a UTF-8 text to `body` until the stream ends or `body` returns false.
    static func events(
        of text: String, _ body: (YAMLEvent) -> Bool
    ) throws(YAMLSyntaxError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else {
            throw YAMLSyntaxError(message: "out of memory", mark: .start)
        }
        defer { yaml_parser_delete(parser) }
        var bytes = Array(text.utf8)
        let failure = bytes.withUnsafeMutableBufferPointer { buffer -> YAMLSyntaxError? in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            return run(parser, body)
        }
        if let failure { throw failure }
    }

    private static func run(
        _ parser: UnsafeMutablePointer<yaml_parser_t>, _ body: (YAMLEvent) -> Bool
    ) -> YAMLSyntaxError? {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { return error(parser.pointee) }
            let copy = YAMLEvent(event)
            let isEnd = event.type == YAML_STREAM_END_EVENT
            yaml_event_delete(&event)
            guard body(copy), !isEnd else { return nil }
        }
    }

    private static func error(_ parser: yaml_parser_t) -> YAMLSyntaxError {
        var message = parser.problem.map { String(cString: $0) } ?? "not YAML"
        if let context = parser.context {
            let line = parser.context_mark.line + 1
            message = "\(message) \(String(cString: context)) that begins on line \(line)"
        }
        // A problem of the reader has an offset only; its mark stands where the scanner was.
        let mark = parser.error == YAML_READER_ERROR ? parser.mark : parser.problem_mark
        return YAMLSyntaxError(message: message, mark: Mark(mark))
    }
}

extension YAMLEvent {
    init(_ event: yaml_event_t) {
        range = Mark(event.start_mark)..<max(Mark(event.start_mark), Mark(event.end_mark))
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            anchor = string(scalar.anchor)
            tag = string(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            anchor = string(event.data.sequence_start.anchor)
            tag = string(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            anchor = string(event.data.mapping_start.anchor)
            tag = string(event.data.mapping_start.tag)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .collectionEnd
        case YAML_STREAM_END_EVENT: kind = .streamEnd
        default: kind = .other
        }
    }
}

extension Mark {
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line), column: Int(clamping: mark.column))
    }
}

private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(decodingCString: $0, as: UTF8.self) }
}
