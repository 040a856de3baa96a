# The gateway's end, before SIGTERM, at which Envoy would stop at once. Only what bash has built in: nothing else is sure to be in the image.
# drain.sh ADMIN_PORT SECONDS
admin() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 0 # it has ended already
  printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1" "$2" >&3
  answer=
  while IFS= read -r -t 5 line <&3; do answer+=$line$'\n'; done
  exec 3>&-
}
pause() { read -r -t "$1" < <(:; read -r -t "$1" <> <(:)); }

port=$1 seconds=$2
admin POST /healthcheck/fail
admin POST '/drain_listeners?graceful&skip_exit&inboundonly'
end=$((SECONDS + seconds))
# The load balancer learns of the end a little later: an idle gateway stays that long, too.
quiet=$((SECONDS + 5))
while ((SECONDS < end)); do
  admin GET '/stats?filter=^http.edge.downstream_rq_active$'
  [[ $answer =~ downstream_rq_active:\ 0 ]] && ((SECONDS >= quiet)) && break
  pause 0.5
done
