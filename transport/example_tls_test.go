package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/bennu-go/bennu/transport"
)

// With a server of one's own the listener is wrapped below TLS, so that WebSockets over TLS need no goroutine on Linux. An endpoint does this by itself.
func ExampleUnderTLS() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s over TLS: %v", r.Proto, r.TLS != nil)
	}))
	server.Listener = transport.UnderTLS(server.Listener)
	server.StartTLS() // http.Server.ServeTLS(transport.UnderTLS(l), cert, key) does the same
	defer server.Close()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(answer))
	// Output: HTTP/1.1 over TLS: true
}
