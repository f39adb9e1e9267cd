/* The least a call can cost: what any media server has to do, and nothing else.
 *
 * One thread, one socket. Every 20 ms: recvmmsg, SRTP (AES-128-GCM, libsrtp2), Opus decode to
 * 16 kHz, voice activity by energy and zero crossings; for calls that speak, Opus encode of
 * 24 kHz speech with in-band FEC, SRTP, sendmmsg. No ICE, no DTLS, no RTCP, no buffer, no
 * recogniser's path. A child process is the load: packets of the same speech, spread over the
 * 20 ms as real callers are.
 *
 * usage: floor CALLS SECONDS TALK BITRATE COMPLEXITY SPEECH.RAW   (24 kHz int16 mono)
 * prints one JSON line; cpu_s is user and system time of the serving process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <opus.h>
#include <sched.h>
#include <signal.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, ROOM = 1600, HEADER = 12, RATE = 24000, FRAME = RATE / 50, HEARD = 320 };
enum { CYCLE = 250, WARM_UP = 100, COMFORT = 20 }; /* ticks: 5 s, 2 s, 400 ms */

static int calls;
static double talk;
static int16_t *speech;
static int frames;

static double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void sleep_until(double at)
{
    struct timespec t = {(time_t)at, (long)((at - (time_t)at) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static srtp_t session(srtp_ssrc_type_t direction)
{
    static unsigned char key[SRTP_AES_GCM_128_KEY_LEN_WSALT] = {1, 2, 3};
    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    policy.key = key;
    policy.ssrc.type = direction;
    policy.window_size = 128;
    srtp_t made;
    if (srtp_create(&made, &policy) != srtp_err_status_ok) fail("libsrtp2 without AES-GCM");
    return made;
}

static void header(unsigned char *packet, unsigned sequence, unsigned ssrc)
{
    uint32_t timestamp = htonl(sequence * 960u), source = htonl(ssrc);
    packet[0] = 0x80;
    packet[1] = 111;
    packet[2] = sequence >> 8;
    packet[3] = sequence;
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &source, 4);
}

static int open_socket(struct sockaddr_in *name)
{
    int size = 4 << 20;
    socklen_t length = sizeof *name;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    memset(name, 0, sizeof *name);
    name->sin_family = AF_INET;
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (void *)name, sizeof *name) != 0) fail("no socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    getsockname(fd, (void *)name, &length);
    return fd;
}

static OpusEncoder *encoder(int bitrate, int complexity)
{
    int error;
    OpusEncoder *made = opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, &error);
    if (error != OPUS_OK) fail("no Opus encoder");
    opus_encoder_ctl(made, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(made, OPUS_SET_BITRATE(bitrate));
    opus_encoder_ctl(made, OPUS_SET_COMPLEXITY(complexity));
    opus_encoder_ctl(made, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(made, OPUS_SET_PACKET_LOSS_PERC(10));
    return made;
}

/* The callers: each sends one packet every 20 ms, at a moment of its own. */
static void load(int *fds, struct sockaddr_in *server, double start)
{
    unsigned char (*packets)[ROOM] = calloc(frames, ROOM), packet[ROOM];
    int *lengths = calloc(frames, sizeof *lengths);
    srtp_t *out = calloc(calls, sizeof *out);
    OpusEncoder *voice = encoder(32000, 5);
    for (int i = 0; i < frames; i++)
        lengths[i] = opus_encode(voice, speech + i * FRAME, FRAME, packets[i], 1000);
    for (int i = 0; i < calls; i++) out[i] = session(ssrc_any_outbound);
    start += 1; /* the encoding above takes its time */
    for (unsigned k = 0;; k++) {
        for (int i = 0; i < calls; i++) {
            int at = (k + i * 37) % frames, length = HEADER + lengths[at];
            sleep_until(start + 0.02 * k + 0.02 * i / calls);
            header(packet, k, i);
            memcpy(packet + HEADER, packets[at], lengths[at]);
            srtp_protect(out[i], packet, &length);
            sendto(fds[i], packet, length, 0, (void *)server, sizeof *server);
            while (recv(fds[i], packet, sizeof packet, 0) > 0) {
            }
        }
    }
}

/* Louder than a room, and not hissing: voice. */
static int voiced(const int16_t *pcm, int n)
{
    double energy = 0;
    int crossings = 0;
    for (int i = 0; i < n; i++) {
        energy += (double)pcm[i] * pcm[i];
        crossings += i > 0 && (pcm[i] < 0) != (pcm[i - 1] < 0);
    }
    return energy > 1e5 * n && crossings < n / 3;
}

static int later(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

int main(int argc, char **argv)
{
    if (argc != 7) fail("usage: floor CALLS SECONDS TALK BITRATE COMPLEXITY SPEECH.RAW");
    calls = atoi(argv[1]);
    int ticks = WARM_UP + atof(argv[2]) * 50;
    talk = atof(argv[3]);
    FILE *file = fopen(argv[6], "rb");
    if (!file || calls < 1) fail("no speech, or no calls");
    fseek(file, 0, SEEK_END);
    frames = ftell(file) / (FRAME * 2);
    rewind(file);
    speech = malloc((size_t)frames * FRAME * 2);
    if (fread(speech, FRAME * 2, frames, file) != (size_t)frames) fail("speech cut short");
    fclose(file);
    srtp_init();

    struct sockaddr_in server, *callers = calloc(calls, sizeof *callers);
    int fd = open_socket(&server), *fds = calloc(calls, sizeof *fds);
    for (int i = 0; i < calls; i++) fds[i] = open_socket(&callers[i]);
    double start = clock_s() + 0.1;
    pid_t child = fork();
    if (child == 0) {
        struct sched_param ordinary = {0};
        cpu_set_t all;
        CPU_ZERO(&all);
        for (int i = 0; i < CPU_SETSIZE; i++) CPU_SET(i, &all);
        sched_setaffinity(0, sizeof all, &all);
        sched_setscheduler(0, SCHED_OTHER, &ordinary);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        load(fds, &server, start);
    }

    srtp_t *in = calloc(calls, sizeof *in), *out = calloc(calls, sizeof *out);
    OpusEncoder **encoders = calloc(calls, sizeof *encoders);
    OpusDecoder **decoders = calloc(calls, sizeof *decoders);
    unsigned *sequence = calloc(calls, sizeof *sequence);
    int *silent = calloc(calls, sizeof *silent), error;
    for (int i = 0; i < calls; i++) {
        in[i] = session(ssrc_any_inbound);
        out[i] = session(ssrc_any_outbound);
        encoders[i] = encoder(atoi(argv[4]), atoi(argv[5]));
        decoders[i] = opus_decoder_create(16000, 1, &error);
    }
    static unsigned char got[BATCH][ROOM], sent[BATCH][ROOM];
    static struct mmsghdr gets[BATCH], sends[BATCH];
    static struct iovec get_parts[BATCH], send_parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        get_parts[i] = (struct iovec){got[i], ROOM};
        gets[i].msg_hdr.msg_iov = &get_parts[i];
        sends[i].msg_hdr.msg_iov = &send_parts[i];
        gets[i].msg_hdr.msg_iovlen = sends[i].msg_hdr.msg_iovlen = 1;
    }
    double *late = calloc(ticks, sizeof *late), cpu = 0;
    long decoded = 0, encoded = 0, voices = 0;
    for (int k = 0; k < ticks; k++) {
        double due = start + 1 + 0.02 * k;
        sleep_until(due);
        late[k] = clock_s() - due;
        if (k == WARM_UP) {
            cpu = cpu_s();
            decoded = encoded = voices = 0;
        }
        for (int n = BATCH; n == BATCH;) {
            n = recvmmsg(fd, gets, BATCH, MSG_DONTWAIT, NULL);
            for (int i = 0; i < n; i++) {
                int16_t pcm[HEARD];
                uint32_t ssrc;
                int length = gets[i].msg_len;
                memcpy(&ssrc, got[i] + 8, 4);
                ssrc = ntohl(ssrc);
                if (length < HEADER || ssrc >= (uint32_t)calls) continue;
                if (srtp_unprotect(in[ssrc], got[i], &length) != srtp_err_status_ok) continue;
                int heard = opus_decode(decoders[ssrc], got[i] + HEADER, length - HEADER, pcm,
                                        HEARD, 0);
                if (heard > 0) {
                    voices += voiced(pcm, heard);
                    decoded++;
                }
            }
        }
        int waiting = 0;
        for (int i = 0; i < calls; i++) {
            unsigned char *packet = sent[waiting];
            int length;
            if ((k + i * CYCLE / calls) % CYCLE < talk * CYCLE) {
                length = opus_encode(encoders[i], speech + (k + i * 17) % frames * FRAME, FRAME,
                                     packet + HEADER, 1000);
                encoded++;
                silent[i] = COMFORT;
            } else if (silent[i]++ % COMFORT == 0) {
                packet[HEADER] = 9 << 3; /* nothing said: a table of contents only */
                length = 1;
            } else {
                continue;
            }
            length += HEADER;
            header(packet, sequence[i]++, calls + i);
            srtp_protect(out[i], packet, &length);
            send_parts[waiting] = (struct iovec){packet, length};
            sends[waiting].msg_hdr.msg_name = &callers[i];
            sends[waiting].msg_hdr.msg_namelen = sizeof callers[i];
            if (++waiting == BATCH) {
                sendmmsg(fd, sends, waiting, 0);
                waiting = 0;
            }
        }
        if (waiting) sendmmsg(fd, sends, waiting, 0);
    }
    cpu = cpu_s() - cpu;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int measured = ticks - WARM_UP;
    qsort(late + WARM_UP, measured, sizeof *late, later);
    printf("{\"calls\": %d, \"cpu_s\": %.6f, \"media_s\": %.6f, \"decoded\": %ld, \"encoded\": %ld, "
           "\"voiced\": %ld, \"late_p99_ms\": %.3f}\n",
           calls, cpu, measured * 0.02, decoded, encoded, voices,
           late[WARM_UP + (int)(measured * 0.99)] * 1e3);
    return 0;
}
