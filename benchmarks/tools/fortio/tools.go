//go:build tools

// Package tools pins fortio, a peer of the load benchmarks.
package tools

import _ "fortio.org/fortio"
