<?php
/*
 * Plugin Name: Consent box at the checkout
 * Description: Asks whether the order may be passed on to SALESmanago, and keeps the answer with the order.
 *
 * Put it into wp-content/mu-plugins/. In the file of shops: consent_field = "_marketing_consent".
 * For the classic checkout (shortcode); the block checkout registers its fields in another way.
 */

const CONSENT_FIELD = '_marketing_consent';

add_action('woocommerce_review_order_before_submit', function (): void {
    woocommerce_form_field('marketing_consent', [
        'type' => 'checkbox',
        'label' => 'Zgadzam się na przekazanie moich danych do SALESmanago w celach marketingowych.',
        'required' => false,
    ]);
});

// An answer is kept for every order: "no" is an answer too, and nothing at all says that nobody asked.
add_action('woocommerce_checkout_create_order', function ($order): void {
    $order->update_meta_data(CONSENT_FIELD, empty($_POST['marketing_consent']) ? 'no' : 'yes');
});
