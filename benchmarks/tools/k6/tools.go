//go:build tools

// Package tools pins k6, a peer of the load benchmarks.
package tools

import _ "go.k6.io/k6"
