package wsconn

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// AppendMessage appends the frame of one message. Topic and event are JSON strings, payload is JSON; a joinRef of 0 is null.
func AppendMessage(frames []byte, joinRef, ref int, topic, event, payload string) []byte {
	var text [256]byte
	b := append(text[:0], '[')
	if joinRef == 0 {
		b = append(b, "null,"...)
	} else {
		b = append(strconv.AppendInt(append(b, '"'), int64(joinRef), 10), '"', ',')
	}
	b = append(strconv.AppendInt(append(b, '"'), int64(ref), 10), '"', ',')
	b = append(append(b, topic...), ',')
	b = append(append(b, event...), ',')
	b = append(append(b, payload...), ']')
	return ws.AppendMasked(frames, ws.OpText, maskingKey, b)
}

// RefOf reads a ref of ours; 0 is null.
func RefOf(token []byte) int {
	n, err := strconv.Atoi(string(bytes.Trim(token, `"`)))
	if err != nil {
		return 0
	}
	return n
}

// StatusOf is a reply's status: "ok", or the reason of an error if it names one.
func StatusOf(payload []byte) string {
	var p struct {
		Status   string          `json:"status"`
		Response json.RawMessage `json:"response"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return "undecodable"
	}
	if p.Status == "ok" {
		return p.Status
	}
	var why struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(p.Response, &why) == nil && why.Reason != "" {
		return why.Reason
	}
	return p.Status
}
