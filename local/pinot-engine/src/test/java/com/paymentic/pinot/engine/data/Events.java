package com.paymentic.pinot.engine.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.function.Consumer;
import org.apache.pinot.spi.utils.JsonUtils;

/** CloudEvents of the payment service. */
final class Events {
  private static final Instant BASE = Instant.parse("2026-11-20T08:00:00Z");
  private static final String[] CURRENCIES = {"EUR", "USD", "BRL"};
  private static final String[] TYPES = {"PAYMENT", "REFUND", "PAYOUT", "PENDING_BALANCE"};

  private Events() {
  }

  static String registered(int number) {
    return registered(number, event -> { });
  }

  static String registered(int number, Consumer<ObjectNode> change) {
    ObjectNode event = event(number, "registered", "com.paymentic.payments.transaction-wallet-registered.v1", time(number));
    data(event).put("checkoutId", "c-" + number).put("registeredAt", time(number));
    change.accept(event);
    return event.toString();
  }

  static String booked(int number) {
    return booked(number, event -> { });
  }

  static String booked(int number, Consumer<ObjectNode> change) {
    String bookedAt = Instant.parse(time(number)).plusMillis(1500).toString();
    ObjectNode event = event(number, "booked", "com.paymentic.payments.transaction-booked.v1", bookedAt);
    data(event).put("journalEntryId", "j-" + number).put("bookingStatus", "SUCCESS").put("bookedAt", bookedAt)
        .put("registeredAt", time(number));
    change.accept(event);
    return event.toString();
  }

  static ObjectNode data(ObjectNode event) {
    return (ObjectNode) event.get("data");
  }

  static String time(int number) {
    return BASE.plusMillis(number * 1000L).toString();
  }

  private static ObjectNode event(int number, String kind, String type, String time) {
    ObjectNode event = JsonUtils.newObjectNode();
    event.put("specversion", "1.0").put("id", kind + "-" + number).put("type", type).put("source", "/payment-service")
        .put("subject", "t-" + number).put("time", time);
    ObjectNode data = event.putObject("data");
    data.put("transactionId", "t-" + number).put("paymentOrderId", "p-" + number).put("amount", number + ".25")
        .put("currency", CURRENCIES[number % CURRENCIES.length]).put("transactionType", TYPES[number % TYPES.length]);
    data.putObject("buyer").put("id", "b-" + number % 7).put("email", "buyer" + number + "@example.com");
    data.putObject("seller").put("id", "s-" + number % 5);
    data.put("merchantId", "m-" + number % 3);
    data.putObject("metadata").put("channel", number % 2 == 0 ? "web" : "app");
    return event;
  }
}
