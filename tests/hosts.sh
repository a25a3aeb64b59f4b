# Two hosts for the tests of ranks, in the directory at work: network namespaces with names of their
# own, joined by a cable.
#
#     host-a 10.77.0.1 ===== cable ===== 10.77.0.2 host-b
a=runnel-a-$$ b=runnel-b-$$

remove_hosts() {
    local host
    for host in $a $b; do
        ip netns pids $host 2>/dev/null | xargs -r kill -9
        ip netns del $host 2>/dev/null
    done
}

# A host's own network, name and /etc/hosts.
cat >enter <<END
#!/bin/bash
host=\$1
shift
exec ip netns exec runnel-\${host#host-}-$$ unshare --uts --mount sh -c \\
    'hostname \$0 && mount --bind $work/hosts /etc/hosts && cd $work && exec "\$@"' \$host "\$@"
END
# In place of ssh: agent [OPTION]... HOST WORD...
cat >agent <<END
#!/bin/bash
while [[ \$1 == -* ]]; do shift; done
host=\$1
shift
exec $work/enter \$host sh -c "\$*"
END
chmod +x enter agent
printf '127.0.0.1 localhost\n10.77.0.1 host-a\n10.77.0.2 host-b\n' >hosts

join_hosts() {
    ip link add cable netns $a type veth peer name cable netns $b
}

make_hosts() {
    ip netns add $a && ip netns add $b && join_hosts || return 1
    local host number=1
    for host in $a $b; do
        ip -n $host addr add 10.77.0.$number/24 dev cable && ip -n $host link set cable up &&
            ip -n $host link set lo up || return 1
        number=2
    done
    for host in $a $b; do
        until ip -br -n $host link show cable | grep -qE ' (UP|UNKNOWN) '; do sleep 0.05; done
    done
}

# Both hosts believe that the cores are theirs alone.
two_hosts_ranks() { # LAUNCHER WORD...
    local launcher=$1
    shift
    local openmpi=(--allow-run-as-root --bind-to none -H host-a,host-b --mca plm_rsh_agent "$work/agent"
        --mca btl tcp,self --mca btl_tcp_if_include cable --mca oob_tcp_if_include cable)
    local mpich=(-launcher ssh -launcher-exec "$work/agent" -hosts host-a,host-b
        -genv UCX_TLS tcp,self)
    local -n options=$launcher
    timeout -k 5 200 ./enter host-a "mpirun.$launcher" "${options[@]}" -n 2 "$@" </dev/null >out 2>err
}
