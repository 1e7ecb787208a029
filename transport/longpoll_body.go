package transport

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/frame"
)

// lpMaxBinary bounds the base64 of one binary message.
const lpMaxBinary = 10_000_000

// lpMessage is one message of a client.
type lpMessage struct {
	op   frame.Opcode
	data []byte
}

// readBody reads the messages of a POST.
func (l *LongPoll) readBody(w http.ResponseWriter, r *http.Request) ([]lpMessage, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, l.cfg.MaxBody))
	if err != nil {
		return nil, err
	}
	return parseLPBody(r.Header.Get("Content-Type"), body, l.cfg.MaxLines)
}

// parseLPBody splits a body into messages, which are views of it where they can be. In x-ndjson a line that begins with "[" is text and any other
// base64 of bytes; lines beyond maxLines are not looked at, and empty ones are skipped (Phoenix would take one for an empty binary message, on which the connection
// ends). With any other content type the body is one text message. A body with anything wrong in it is refused as a whole.
//
// Text must be UTF-8, as on a WebSocket: it may be broadcast to browsers, which drop a connection that carries anything else.
func parseLPBody(contentType string, body []byte, maxLines int) ([]lpMessage, error) {
	if contentType != "application/x-ndjson" {
		if !utf8.Valid(body) {
			return nil, errNotUTF8
		}
		return []lpMessage{{frame.Text, body}}, nil
	}
	var messages []lpMessage
	lines := 0
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if lines++; lines > maxLines {
			break
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		m, err := parseLPLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", lines, err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

var errNotUTF8 = errors.New("text is not UTF-8")

func parseLPLine(line []byte) (lpMessage, error) {
	if line[0] == '[' {
		if !utf8.Valid(line) {
			return lpMessage{}, errNotUTF8
		}
		return lpMessage{frame.Text, line}, nil
	}
	if len(line) > lpMaxBinary {
		return lpMessage{}, fmt.Errorf("binary message of %d bytes in base64: %d is the most", len(line), lpMaxBinary)
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Decode(data, line)
	if err != nil {
		return lpMessage{}, err
	}
	return lpMessage{frame.Binary, data[:n]}, nil
}
