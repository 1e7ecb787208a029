package testserver

import (
	"testing"

	"github.com/bennu-go/bennu/internal/jstest"
)

// Every script, with every JavaScript client, over every transport.
func TestJavaScriptClients(t *testing.T) { jstest.Suite(t, Start) }
