// Package presence tells who is present in a topic, on all nodes, to clients and to the server.
package presence
