package transport

import (
	"net/http"
	"strconv"

	"github.com/bennu-go/bennu/internal/wire"
)

// lpFailed is the status in a long-poll answer upon which phoenix.js connects again later.
const lpFailed = http.StatusInternalServerError

// busy reports whether a limit is why.
func (r *Refusal) busy() bool { return r.early != "" && r.Status == http.StatusServiceUnavailable }

// answerBusy refuses a long-poll client beyond the limits. phoenix.js takes an empty body for a failure, and connects again later.
func answerBusy(w http.ResponseWriter, refusal *Refusal, visible bool) {
	refusal.addHeader(w.Header())
	if !visible {
		w.WriteHeader(refusal.Status)
		return
	}
	body := strconv.AppendInt([]byte(`{"status":`), lpFailed, 10)
	body = strconv.AppendInt(append(body, `,"code":`...), int64(refusal.closeCode()), 10)
	body = append(wire.AppendString(append(body, `,"reason":`...), refusal.Reason), '}')
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(refusal.Status)
	w.Write(body)
}
