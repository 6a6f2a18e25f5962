#!/usr/bin/env python3
"""A device of Muster with nothing but an MQTT library (paho-mqtt, 1.6 or 2).

    pip install paho-mqtt          (Debian: apt install python3-paho-mqtt)
    export MUSTER_DEVICE_TOKEN=msd_...
    python3 device.py --id boiler-7

It says what it is, reports a temperature, takes a set point, a call and a configuration, and knows the hub's time.
The wire protocol is described in docs/extend/wire-protocol.md.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
from collections import OrderedDict

import paho.mqtt.client as mqtt

REMEMBERED = 256  # answers: a command that comes again is answered again, and not done again


class Rejected(Exception):
    """The device does not do what it was asked; the text goes to who asked."""


class Device:
    def __init__(self, device_id, interval_s):
        self.id = device_id
        self.interval_s = interval_s
        self.target = 60.0
        self.temperature = 20.0
        self.offset_ms = 0  # of the hub's clock to this one
        self.asked_at = {}
        self.answers = OrderedDict()
        self.online = threading.Event()

    def topic(self, kind):
        return f"devices/{self.id}/{kind}"

    def now_ms(self):
        return round(time.time() * 1000) + self.offset_ms

    # --- the connection -------------------------------------------------

    def on_connect(self, client, userdata, flags, reason, properties=None):
        code = getattr(reason, "value", reason)
        if code != 0:
            why = getattr(properties, "ReasonString", "") if properties is not None else ""
            print(f"refused: {reason} {why}", file=sys.stderr, flush=True)
            return
        # Subscribed anew with each connection: what the hub could not deliver comes then.
        client.subscribe([(self.topic(kind), 1) for kind in ("set", "call", "config", "time")])
        self.publish(client, "birth", {"ts": self.now_ms(), "model": "example", "firmware": "1.0.0"})
        self.ask_time(client)
        self.online.set()
        print("connected", flush=True)

    def on_disconnect(self, client, userdata, *rest):
        # paho connects again by itself, waiting as reconnect_delay_set says.
        self.online.clear()
        print("disconnected", flush=True)

    def on_message(self, client, userdata, message):
        kind = message.topic.split("/", 2)[2]
        try:
            body = json.loads(message.payload)
        except ValueError:
            return
        if kind == "time":
            self.on_time(body)
        else:
            self.on_command(client, kind, body)

    def publish(self, client, kind, body):
        return client.publish(self.topic(kind), json.dumps(body), qos=1)

    # --- the time of the hub --------------------------------------------

    def ask_time(self, client):
        question = str(random.getrandbits(32))
        self.asked_at[question] = time.time() * 1000
        client.publish(self.topic("time"), json.dumps({"id": question, "t0": self.asked_at[question]}), qos=0)

    def on_time(self, body):
        t0 = self.asked_at.pop(body.get("id"), None)
        if t0 is None or "t1" not in body:
            return
        t3 = time.time() * 1000
        # As NTP: the mean of what both ways say.
        self.offset_ms = round(((body["t1"] - t0) + (body["t2"] - t3)) / 2)
        print(f"offset {self.offset_ms} ms", flush=True)

    # --- what the hub asks ----------------------------------------------

    def on_command(self, client, kind, body):
        command = body.get("id")
        if not isinstance(command, str):
            return
        answer = self.answers.get(command)
        if answer is None:
            answer = self.do(kind, body)
            self.answers[command] = answer
            if len(self.answers) > REMEMBERED:
                self.answers.popitem(last=False)
        self.publish(client, f"{kind}/result", answer)
        if kind == "set" and answer["state"] == "applied":
            self.publish(client, "report", {"ts": self.now_ms(), "values": body["values"]})

    def do(self, kind, body):
        try:
            result = getattr(self, f"do_{kind}")(body)
            return {"id": body["id"], "state": "applied", **({} if result is None else {"result": result})}
        except Rejected as reason:
            return {"id": body["id"], "state": "rejected", "reason": str(reason)}

    def do_set(self, body):
        values = body.get("values", {})
        unknown = [path for path in values if path != "boiler/target"]
        if unknown:
            raise Rejected(f"there is no {unknown[0]} to set")
        if values["boiler/target"] > 90:
            raise Rejected("hotter than 90 degrees is not safe")
        self.target = values["boiler/target"]

    def do_call(self, body):
        if body.get("name") != "add":
            raise Rejected(f"the device knows no call {body.get('name')}")
        return sum(body["args"])

    def do_config(self, body):
        interval = body.get("config", {}).get("intervalSeconds")
        if not isinstance(interval, (int, float)) or interval <= 0:
            raise Rejected("intervalSeconds must be larger than 0")
        self.interval_s = interval

    # --- reporting ------------------------------------------------------

    def run(self, client, reports):
        sent = 0
        while reports == 0 or sent < reports:
            self.temperature += (self.target - self.temperature) * 0.1 + random.uniform(-0.2, 0.2)
            message = self.publish(client, "report", {"ts": self.now_ms(), "values": {"boiler/temperature": round(self.temperature, 2)}})
            sent += 1
            if reports != 0:
                message.wait_for_publish()  # QoS 1: the hub has it on disk
            time.sleep(self.interval_s)


def new_client(device_id):
    options = {"client_id": device_id, "protocol": mqtt.MQTTv5}
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho-mqtt 2
        options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
    return mqtt.Client(**options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--id", required=True, help="id of the device; its token is in MUSTER_DEVICE_TOKEN")
    parser.add_argument("--ca", help="certificate authority of the hub, PEM: speaks TLS")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two reports")
    parser.add_argument("--reports", type=int, default=0, help="ends after so many; 0: never")
    options = parser.parse_args()
    token = os.environ.get("MUSTER_DEVICE_TOKEN")
    if not token:
        parser.error("MUSTER_DEVICE_TOKEN is not set")

    device = Device(options.id, options.interval)
    client = new_client(options.id)
    client.username_pw_set(options.id, token)
    client.will_set(device.topic("death"), json.dumps({"reason": "connection lost"}), qos=1)
    client.reconnect_delay_set(min_delay=1, max_delay=60)
    client.max_queued_messages_set(10_000)
    if options.ca:
        client.tls_set(ca_certs=options.ca)
    client.on_connect, client.on_disconnect, client.on_message = device.on_connect, device.on_disconnect, device.on_message
    client.connect(options.host, options.port, keepalive=60)
    client.loop_start()
    try:
        device.online.wait()
        device.run(client, options.reports)
    except KeyboardInterrupt:
        pass
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
