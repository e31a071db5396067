/* Loopback target of the load benchmarks: one thread, epoll, one fixed answer.
 *
 * Prints its port. With a file name as argument it notes when each request arrived and writes the
 * moments (CLOCK_MONOTONIC, nanoseconds, 64 bits each) there when it is told to end by SIGTERM. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_ARRIVALS 4000000

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nServer: target\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 17\r\nConnection: keep-alive\r\n\r\n"
    "hello from target";

static int64_t *arrivals;
static size_t arrived;
static volatile sig_atomic_t ended;

static void end(int number) {
    (void)number;
    ended = 1;
}

static void note(void) {
    struct timespec now;
    if (!arrivals || arrived == MOST_ARRIVALS) return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    arrivals[arrived++] = now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void answer(int fd) {
    static char buffer[65536];
    ssize_t got = read(fd, buffer, sizeof buffer - 1);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) close(fd);
        return;
    }
    buffer[got] = 0;
    for (char *at = buffer; (at = strstr(at, "\r\n\r\n")); at += 4) {
        note();
        if (write(fd, ANSWER, sizeof ANSWER - 1) < 0) {
            close(fd);
            return;
        }
    }
}

static void welcome(int epoll, int server) {
    int fd, one = 1;
    while ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int count, char **arguments) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
    if (count > 1) arrivals = calloc(MOST_ARRIVALS, sizeof *arrivals);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(server, (struct sockaddr *)&address, size) || listen(server, 4096)) return 1;
    getsockname(server, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event events[256] = {{.events = EPOLLIN, .data.fd = server}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, server, &events[0]);
    while (!ended) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == server) welcome(epoll, server);
            else answer(events[i].data.fd);
        }
    }
    if (arrivals) {
        FILE *log = fopen(arguments[1], "wb");
        if (!log || fwrite(arrivals, sizeof *arrivals, arrived, log) != arrived) return 1;
        fclose(log);
    }
    return 0;
}
